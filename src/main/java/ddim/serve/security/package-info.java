/**
 * Who may connect, and who may call: TLS, tokens, and the hook of programs that decide themselves.
 *
 * <p>Files are read again when they change. Nothing secret is ever written to a log, an error or a
 * {@code toString}.
 */
@NullMarked
package ddim.serve.security;

import org.jspecify.annotations.NullMarked;
