/**
 * The configuration file of the server, and the flags that go before it.
 *
 * <p>Start reading at {@code serve.yaml}, then {@link ddim.cli.config.ServeConfig}.
 */
@NullMarked
package ddim.cli.config;

import org.jspecify.annotations.NullMarked;
