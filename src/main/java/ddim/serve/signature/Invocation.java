package ddim.serve.signature;

import ddim.model.Condition;
import ddim.serve.batch.Row;
import ddim.serve.batch.RowListener;
import ddim.serve.error.InvalidRequestException;
import ddim.serve.repository.Lease;
import java.util.List;
import java.util.Map;

/** A call of a signature, as rows of the model's batcher. */
public interface Invocation {
  /**
   * What a request asks for.
   *
   * @param signature one of the model's
   * @param inputs as an {@link InputReader} gave them
   * @param stops after how many steps previews are wanted, ascending; only of images
   * @throws InvalidRequestException if numbers are out of range, with every violation
   */
  static Invocation of(
      Lease lease, Signature signature, Map<String, Tensor> inputs, List<Integer> stops) {
    List<Condition> wanted = RowConditions.of(inputs, lease.spec().unet().classes());
    return switch (signature.name()) {
      case Signature.SERVING_DEFAULT -> Sampling.ofSeeds(lease, inputs, stops, wanted);
      case Signature.SAMPLE -> Sampling.ofLatents(lease, inputs, stops, wanted);
      case Signature.TRAJECTORY -> Segments.of(signature, inputs, wanted);
      case Signature.LATENT -> Noises.ofSeeds(inputs);
      case Signature.PREDICT_NOISE -> Noises.predicted(lease, signature, inputs, wanted);
      default -> throw new IllegalArgumentException("no signature " + signature.name());
    };
  }

  /** One a row of the request. */
  List<Row> rows();

  /** What must hear of the rows for {@link #output}. */
  default RowListener listener() {
    return RowListener.NONE;
  }

  /**
   * An output of the signature.
   *
   * @param results of the rows
   */
  Tensor output(TensorSpec output, List<float[]> results);
}
