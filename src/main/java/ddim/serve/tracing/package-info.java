/** Spans of calls for OpenTelemetry. */
@NullMarked
package ddim.serve.tracing;

import org.jspecify.annotations.NullMarked;
