/**
 * One call, whatever its protocol: its id, who makes it, how much it may ask for, and who is told
 * how it ended.
 *
 * <p>Start reading at {@link ddim.serve.call.CallInterceptor}.
 */
@NullMarked
package ddim.serve.call;

import org.jspecify.annotations.NullMarked;
