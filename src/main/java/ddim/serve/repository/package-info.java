/**
 * The models on disk that are ready to be asked, and who is using them.
 *
 * <p>Knows models as {@link ddim.model.SamplingModel} and nothing of gRPC or of file formats. Start
 * reading at {@link ddim.serve.repository.ModelRepository}.
 */
@NullMarked
package ddim.serve.repository;

import org.jspecify.annotations.NullMarked;
