/**
 * The signatures of a model as calls of tensors: what clients of other servers ask for, done by
 * rows of the batcher.
 *
 * <p>Knows no protocol; the protocols bring their own wording of errors. Start reading at {@link
 * ddim.serve.signature.Invocation}.
 */
@NullMarked
package ddim.serve.signature;

import org.jspecify.annotations.NullMarked;
