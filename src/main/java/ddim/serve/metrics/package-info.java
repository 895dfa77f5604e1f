/**
 * What the server counts, under names of Prometheus; the README has the table.
 *
 * <p>Start reading at {@link ddim.serve.metrics.ServerMetrics}.
 */
@NullMarked
package ddim.serve.metrics;

import org.jspecify.annotations.NullMarked;
