package ddim.serve.error;

import static org.assertj.core.api.Assertions.assertThat;

import ddim.diffusion.Violation;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A status that is too large for headers would end the connection, with all its calls. */
class ErrorSizeTest {
  @ParameterizedTest
  @ValueSource(strings = {"a", "\u00e9", "\u20ac", "\uD83D\uDE00", "\0"})
  void whatIsQuotedFitsIntoHeaders(String quoted) {
    String text = quoted.repeat(10_000);
    var error = new InvalidRequestException(Collections.nCopies(50, new Violation(text, text)));

    StatusRuntimeException status = Errors.toStatus(error);

    int encoded = 3 * utf8(String.valueOf(status.getStatus().getDescription()));
    for (String key : status.getTrailers().keys()) {
      encoded += 32 + key.length();
      byte[] value =
          status.getTrailers().get(Metadata.Key.of(key, Metadata.BINARY_BYTE_MARSHALLER));
      encoded += value.length * 4 / 3 + 4;
    }
    assertThat(encoded).isLessThan(7500); // of 8192; the rest is for other headers
  }

  @Test
  void aTextIsCutBetweenCharacters() {
    assertThat(Errors.shorten("abc", 3, "...")).isEqualTo("abc");
    assertThat(Errors.shorten("abcd", 3, "...")).isEqualTo("abc...");
    assertThat(Errors.shorten("a\uD83D\uDE00b", 4, "")).isEqualTo("a");
  }

  private static int utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }
}
