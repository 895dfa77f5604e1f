/**
 * The commands of {@code scripts/ddim}.
 *
 * <p>One class a command; {@code Main} puts them together.
 */
@NullMarked
package ddim.cli;

import org.jspecify.annotations.NullMarked;
