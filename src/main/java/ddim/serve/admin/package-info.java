/** What operators and their machines read, on ports of its own. */
@NullMarked
package ddim.serve.admin;

import org.jspecify.annotations.NullMarked;
