/**
 * Many images of a model into a folder, in parts that several processes may share.
 *
 * <p>Start reading at {@link ddim.eval.bulk.BulkGeneration}.
 */
@NullMarked
package ddim.eval.bulk;

import org.jspecify.annotations.NullMarked;
