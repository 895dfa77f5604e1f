/**
 * The commands of {@code scripts/ddim}.
 *
 * <p>One class a command; {@link ddim.cli.Main} puts them together. May use everything but
 * TensorFlow.
 */
@NullMarked
package ddim.cli;

import org.jspecify.annotations.NullMarked;
