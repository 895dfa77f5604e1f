/**
 * The gRPC server
 *
 * <p>lifecycle, services, validation and the batcher.:The only home of gRPC and of the generated
 * messages; knows models as {@link ddim.model.SamplingModel} alone. Start reading at {@code
 * DdimServer}.
 */
@NullMarked
package ddim.serve;

import org.jspecify.annotations.NullMarked;
