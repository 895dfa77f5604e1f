package ddim.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files of tensors, of every type and broken in every way. */
class SafeTensorsTest {
  @TempDir Path folder;

  @Test
  void halvesAreReadAsFloat32() throws IOException {
    Path file = folder.resolve("half.safetensors");
    byte[] data = {0, 0x3c, 0, (byte) 0xc0, (byte) 0x80, 0x3f, (byte) 0xab, 0x3e};
    Files.write(
        file,
        file(
            "{\"a\": {\"dtype\": \"F16\", \"shape\": [2], \"data_offsets\": [0, 4]},"
                + " \"b\": {\"dtype\": \"BF16\", \"shape\": [1, 2], \"data_offsets\": [4, 8]}}",
            data));

    try (SafeTensors tensors = SafeTensors.open(file)) {
      assertThat(tensors.floats("a")).containsExactly(1, -2);
      assertThat(tensors.floats("b")).containsExactly(1, 0x1.56p-2f);
      assertThat(tensors.shape("b")).hasToString("[1, 2]");
    }
  }

  @Test
  void otherTypesAreNamed() throws IOException {
    Path file = folder.resolve("double.safetensors");
    String header = "{\"a\": {\"dtype\": \"F64\", \"shape\": [1], \"data_offsets\": [0, 8]}}";
    Files.write(file, file(header, new byte[8]));

    assertThatThrownBy(() -> SafeTensors.open(file))
        .isInstanceOf(ModelFormatException.class)
        .hasMessage(file + ": tensor 'a' is of type \"F64\", should be one of [BF16, F16, F32]");
  }

  /** Many large tensors in the bytes of one, bytes of nobody, and numbers that wrap around. */
  @ParameterizedTest(name = "{1}")
  @CsvSource(
      delimiter = ';',
      value = {
        "'a': {T, 'shape': [2], 'data_offsets': [0, 8]}, 'b': {T, 'shape': [2],"
            + " 'data_offsets': [0, 8]}; tensor 'b' begins at byte 0, should at 8",
        "'a': {T, 'shape': [1], 'data_offsets': [4, 8]}; tensor 'a' begins at byte 4, should at 0",
        "'a': {T, 'shape': [1], 'data_offsets': [0, 4]}; 4 belong to no tensor",
        "'a': {T, 'shape': [2], 'data_offsets': [0, 8]}, 'a': {T, 'shape': [2],"
            + " 'data_offsets': [0, 8]}; tensor 'a' is there twice",
        "'a': {T, 'shape': [18446744073709551618], 'data_offsets': [0, 8]}; impossible shape",
        "'a': {T, 'shape': [-2], 'data_offsets': [0, 8]}; impossible shape",
        "'a': {T, 'shape': ['2'], 'data_offsets': [0, 8]}; impossible shape",
        "'a': {T, 'shape': [2], 'data_offsets': [-8, 0]}; impossible data_offsets",
        "'a': {T, 'shape': [2], 'data_offsets': [0, 8], 'more': [[[]]]}; the unknown key 'more'",
        "'a': {T, 'shape': [2]}; lacks dtype, shape or two data_offsets",
        "'a': {T, 'shape': [[[[]]]], 'data_offsets': [0, 8]}; impossible shape",
        "'__metadata__': [], 'a': {T, 'shape': [2], 'data_offsets': [0, 8]}; is not an object",
      })
  void theHeaderMustBeThatOfTheData(String entries, String message) throws IOException {
    Path file = folder.resolve("hostile.safetensors");
    String header = "{" + entries.replace('\'', '"').replace("T,", "\"dtype\": \"F32\",") + "}";
    Files.write(file, file(header, new byte[8]));

    assertThatThrownBy(() -> SafeTensors.open(file))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageStartingWith(file + ": ")
        .hasMessageContaining(message);
  }

  /** A header of nothing but brackets would be a hundred times its size as objects. */
  @Test
  void aHeaderOfManyValuesIsNotMadeIntoObjects() throws IOException {
    Path file = folder.resolve("brackets.safetensors");
    String lists = "[],".repeat(5_000_000);
    Files.write(file, file("{\"a\": [" + lists + "[]]}", new byte[8]));
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();

    assertThatThrownBy(() -> SafeTensors.open(file)).hasMessageContaining("is not an object");
    assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(20_000_000);

    Files.write(file, file("[".repeat(5_000_000), new byte[8]));
    assertThatThrownBy(() -> SafeTensors.open(file)).isInstanceOf(ModelFormatException.class);
    Files.write(file, file(" ".repeat(17 << 20), new byte[8]));
    assertThatThrownBy(() -> SafeTensors.open(file)).hasMessageContaining("claims a header of");
  }

  @Provide
  Arbitrary<String> headers() {
    Arbitrary<String> number =
        Arbitraries.of(
            "0",
            "1",
            "2",
            "4",
            "-1",
            "8",
            "2147483648",
            "4611686018427387904",
            "1e30",
            "\"x\"",
            "null",
            "[]");
    Arbitrary<String> numbers =
        number.list().ofMaxSize(4).map(list -> "[" + String.join(", ", list) + "]");
    Arbitrary<String> type = Arbitraries.of("\"F32\"", "\"F16\"", "\"BF16\"", "\"I64\"", "7");
    return Combinators.combine(Arbitraries.of("a", "__metadata__", ""), type, numbers, numbers)
        .as(
            (name, t, shape, offsets) ->
                "{\"%s\": {\"dtype\": %s, \"shape\": %s, \"data_offsets\": %s}}"
                    .formatted(name, t, shape, offsets));
  }

  /** Whatever a header says, a tensor that is read has no more bytes than the file. */
  @Property(tries = 500)
  void noHeaderIsBelieved(@ForAll("headers") String header) throws IOException {
    assertReadOrRefused(file(header, new byte[8]));
  }

  @Property(tries = 300)
  void noBytesDoHarm(@ForAll byte[] bytes, @ForAll("headers") String header) throws IOException {
    assertReadOrRefused(bytes);
    byte[] whole = file(header, new byte[8]);
    for (int i = 0; i < bytes.length; i++) {
      whole[Math.floorMod(31 * i + bytes[i], whole.length)] = bytes[i];
    }
    assertReadOrRefused(whole);
  }

  private static void assertReadOrRefused(byte[] bytes) throws IOException {
    Path file = Files.createTempFile("fuzz", ".safetensors");
    try {
      Files.write(file, bytes);
      try (SafeTensors tensors = SafeTensors.open(file)) {
        for (String name : tensors.names()) {
          assertThat(tensors.floats(name).length).isLessThanOrEqualTo(bytes.length);
        }
      } catch (ModelFormatException e) {
        assertThat(e).hasMessageStartingWith(file + ": ");
      }
    } finally {
      Files.delete(file);
    }
  }

  private static byte[] file(String header, byte[] data) {
    byte[] text = header.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(Long.BYTES + text.length + data.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(text.length)
        .put(text)
        .put(data)
        .array();
  }
}
