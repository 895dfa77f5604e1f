/**
 * Measurements of what the batcher promises, on the machine at hand.
 *
 * <p>Start reading at {@link ddim.cli.bench.BenchCommand}.
 */
@NullMarked
package ddim.cli.bench;

import org.jspecify.annotations.NullMarked;
