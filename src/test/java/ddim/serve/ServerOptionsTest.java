package ddim.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class ServerOptionsTest {
  private static final ServerOptions DEFAULTS = ServerOptions.defaults();

  @Test
  void defaultsAreThoseOfModelServers() {
    assertThat(DEFAULTS.host()).isEqualTo("0.0.0.0");
    assertThat(DEFAULTS.port()).isEqualTo(8500);
    assertThat(DEFAULTS.maxMessageBytes()).isEqualTo(64 << 20);
    assertThat(DEFAULTS.connections().maxCalls()).isEqualTo(1000);
  }

  @Test
  void numbersOutOfRangeAreNamed() {
    assertThatThrownBy(() -> DEFAULTS.withAddress("", 1)).hasMessage("host must not be empty");
    assertThatThrownBy(() -> DEFAULTS.withAddress("localhost", 65536))
        .hasMessage("port must be from 0 to 65535, is 65536");
    assertThatThrownBy(() -> DEFAULTS.withMaxMessageBytes(1000))
        .hasMessage("max_message_bytes must be at least 1048576, is 1000");
    assertThatThrownBy(() -> DEFAULTS.withHandlerThreads(0))
        .hasMessage("handler_threads must be at least 1, is 0");
    assertThatThrownBy(
            () ->
                new ConnectionOptions(
                    0, Duration.ofMinutes(1), Duration.ofMinutes(1), Duration.ZERO))
        .hasMessage("max_calls_per_connection must be at least 1, is 0");
  }
}
