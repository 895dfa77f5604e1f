/**
 * Many callers' images in few graph calls: the queue, the batcher and its clock.
 *
 * <p>Knows models as {@link ddim.model.SamplingModel} and nothing of gRPC. Start reading at {@link
 * ddim.serve.batch.Batcher}.
 */
@NullMarked
package ddim.serve.batch;

import org.jspecify.annotations.NullMarked;
