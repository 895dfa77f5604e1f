/**
 * The gRPC server and its client: lifecycle, services, validation and errors.
 *
 * <p>With {@code cli} the only home of gRPC and of the generated messages. The work is done in
 * {@link ddim.serve.batch}, the models are in {@link ddim.serve.repository}. Start reading at
 * {@link ddim.serve.DdimServer}.
 */
@NullMarked
package ddim.serve;

import org.jspecify.annotations.NullMarked;
