/** How far a command is, for people and for logs. */
@NullMarked
package ddim.cli.progress;

import org.jspecify.annotations.NullMarked;
