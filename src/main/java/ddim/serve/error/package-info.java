/**
 * What clients are told when something goes wrong.
 *
 * <p>Exceptions inside of the server are plain; here they become gRPC statuses. Start reading at
 * {@link ddim.serve.error.Errors}.
 */
@NullMarked
package ddim.serve.error;

import org.jspecify.annotations.NullMarked;
