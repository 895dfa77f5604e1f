package ddim.serve;

import ddim.diffusion.Sampler;
import ddim.diffusion.StepTable;
import ddim.serve.batch.Row;
import ddim.serve.repository.Lease;
import ddim.v1.Encoding;
import java.util.List;
import java.util.stream.LongStream;

/**
 * A valid request for samples.
 *
 * @param lease the model, in use until the reply is sent
 * @param seeds one an image
 * @param sampler how each image is made
 * @param encoding how the pixels travel, not UNSPECIFIED
 */
record SampleCommand(Lease lease, long[] seeds, Sampler sampler, Encoding encoding) {
  List<Row> rows() {
    StepTable table = sampler.table(lease.schedule(), lease.spec().prediction());
    return LongStream.of(seeds).mapToObj(seed -> new Row(seed, null, table)).toList();
  }
}
