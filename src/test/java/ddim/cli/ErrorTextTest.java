package ddim.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ErrorTextTest {
  @ParameterizedTest(name = "{1}")
  @MethodSource
  void says(Throwable e, String text) {
    assertThat(ErrorText.of(e)).isEqualTo(text);
  }

  static Stream<Arguments> says() {
    IOException inner = new IOException("a.gz: truncated");
    return Stream.of(
        Arguments.of(new NoSuchFileException("a b"), "a b: no such file or folder"),
        Arguments.of(new AccessDeniedException("a b"), "a b: permission denied"),
        Arguments.of(new FileAlreadyExistsException("a b"), "a b: is there already"),
        Arguments.of(new NotDirectoryException("a b"), "a b: is not a folder"),
        Arguments.of(new NoSuchFileException("a", null, "why"), "a: why"),
        Arguments.of(new UncheckedIOException(inner), "a.gz: truncated"),
        Arguments.of(new IllegalArgumentException("steps must be 1"), "steps must be 1"),
        Arguments.of(new IllegalArgumentException(), "IllegalArgumentException"),
        Arguments.of(new ArithmeticException("/ by zero"), "ArithmeticException: / by zero"));
  }
}
