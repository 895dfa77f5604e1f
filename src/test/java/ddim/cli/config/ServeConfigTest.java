package ddim.cli.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import ddim.model.SessionOptions;
import ddim.serve.ServerOptions;
import ddim.serve.batch.BatcherOptions;
import ddim.serve.repository.ModelConfig;
import ddim.serve.repository.RepositoryOptions;
import ddim.serve.repository.VersionPolicy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ServeConfigTest {
  @TempDir private Path folder;

  @Test
  void theDocumentedDefaultsAreThoseOfTheOptions() throws IOException {
    ServeConfig config = ServeConfigReader.read(null, Map.of("repository.root", "models"));

    assertThat(config.serverOptions()).isEqualTo(ServerOptions.defaults());
    assertThat(config.batcherOptions()).isEqualTo(BatcherOptions.of(64).withSweep(true));
    assertThat(config.sessionOptions()).isEqualTo(SessionOptions.DEFAULTS);
    assertThat(config.repositoryOptions())
        .isEqualTo(RepositoryOptions.of(Path.of("models")).withPollEvery(Duration.ofSeconds(5)));
    assertThat(config.grace()).isEqualTo(Duration.ofSeconds(20));
  }

  @Test
  void everyKeyIsDocumentedAndHasItsDefault() throws IOException {
    YAMLMapper yaml =
        YAMLMapper.builder()
            .enable(YAMLParser.Feature.PARSE_BOOLEAN_LIKE_WORDS_AS_STRINGS)
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .build();
    JsonNode bound = yaml.valueToTree(ServeConfigReader.read(null, Map.of()));
    JsonNode written = yaml.readTree(ServeConfigReader.documentation());

    assertThat(yaml.readTree(bound.toString().toLowerCase(Locale.ROOT)))
        .isEqualTo(yaml.readTree(written.toString())); // enums are written in small letters
    List<String> lines = ServeConfigReader.documentation().lines().toList();
    for (int i = 1; i < lines.size(); i++) {
      if (lines.get(i).matches("  [a-z0-9_]+:.*")) { // alone, or after the other of a pair
        assertThat(lines.get(i - 1)).as("before " + lines.get(i)).matches("  (#|[a-z0-9_]+:).*");
      }
    }
  }

  @Test
  void aFileChangesTheDefaultsAndFlagsChangeTheFile() throws IOException {
    Path file =
        write(
            """
            server:
              port: 9000
              max_connection_age_seconds: 60
            batching: {max_batch_size: 12, allowed_batch_sizes: [4, 12], batch_timeout_micros: 500}
            repository:
              root: /models
              control: explicit
              swap: unload_first
              models:
                clothes: {versions: latest 2, labels: {stable: 3}}
                faces:
                  versions: specific 1,4
            session: {visible_devices: [1], bfloat16: auto}
            security:
            """);

    ServeConfig config =
        ServeConfigReader.read(file, Map.of("server.port", "0", "server.host", "localhost"));

    assertThat(config.serverOptions().port()).isZero();
    assertThat(config.serverOptions().host()).isEqualTo("localhost");
    assertThat(config.serverOptions().connections().maxAge()).isEqualTo(Duration.ofMinutes(1));
    assertThat(config.batcherOptions().allowedBatchSizes()).containsExactly(4, 12);
    assertThat(config.batcherOptions().batchTimeout()).isEqualTo(Duration.ofNanos(500_000));
    assertThat(config.repositoryOptions().swap()).isEqualTo(RepositoryOptions.Swap.UNLOAD_FIRST);
    assertThat(config.repositoryOptions().models())
        .containsExactly(
            new ModelConfig("clothes", new VersionPolicy.Latest(2), Map.of("stable", 3L)),
            new ModelConfig("faces", VersionPolicy.parse("specific 1,4"), Map.of()));
    assertThat(config.sessionOptions().bfloat16()).isEqualTo(SessionOptions.Bfloat16.AUTO);
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "server: {prot: 1} | unknown key server.prot; the nearest is port",
        "batchin: {} | unknown key batchin; the nearest is batching",
        "batching: {max_batchsize: 1} | unknown key batching.max_batchsize; the nearest is"
            + " max_batch_size",
        "server: 5 | server must be a map of keys, is 5",
        "server: {port: http} | server.port must be a whole number, is \"http\"",
        "server: {port: 1.5} | server.port must be a whole number, is 1.5",
        "server: {reflection: 1} | server.reflection must be true or false, is 1",
        "server: {port: null} | server.port must be a whole number, is null",
        "repository: {control: pol} | repository.control must be one of poll, explicit, is \"pol\"",
        "repository: {models: {m: {version: 1}}} | unknown key repository.models.m.version; there"
            + " are [labels, versions]",
        "batching: {allowed_batch_sizes: [1, x]} | batching.allowed_batch_sizes.1 must be a whole"
            + " number, is \"x\"",
        "'server: {port: 1, port: 2}' | not YAML: Duplicate field 'port'",
        "'server: {' | not YAML: ",
        "just words | the file must be a map of keys, is \"just words\"",
      })
  void aFileThatCannotBeIsRefusedWithTheKeyAndTheRule(String text, String message)
      throws IOException {
    Path file = write(text);

    assertThatThrownBy(() -> ServeConfigReader.read(file, Map.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(file + ": " + message);
  }

  @ParameterizedTest(name = "{0} {1}")
  @CsvSource({
    "server.port, 65536, 'server.port must be from 0 to 65535, is 65536'",
    "server.keep_alive_seconds, 0, 'server.keep_alive_seconds must be at least 1, is 0'",
    "batching.max_batch_size, 0, 'batching.max_batch_size must be a whole number from 1, or auto, is 0'",
    "batching.columns_per_call, -1, 'batching.columns_per_call must be at least 0, is -1'",
    "session.gpu_memory_fraction, 1.5, 'session.gpu_memory_fraction must be above 0 and at most 1,"
        + " is 1.5'",
    "'session.visible_devices', '[1, 1]', 'session.visible_devices must be different numbers from"
        + " 0, are [1, 1]'",
    "security.tls_cert, a.pem, 'security.tls_cert and tls_key go together'",
    "repository.models, '{m: {versions: newest}}', 'repository.models.m.versions must be latest,"
        + " latest N, all or specific N,N, is newest'",
    "repository.models, '{../m: {}}', 'repository.model name must be letters'",
    "repository.models, '{m: {versions: specific 2, labels: {a: 1}}}', 'repository.label ''a'' of"
        + " model ''m'' must be one of its versions [2], is 1'",
    "repository.poll_seconds, -1, 'repository.poll_seconds must be from 0 to 1000000, is -1.0'"
  })
  void aValueThatCannotBeIsRefusedWithTheKeyTheValueAndTheRule(
      String key, String value, String message) throws IOException {
    ServeConfig config =
        ServeConfigReader.read(write("repository: {root: /models}"), Map.of(key, value));

    assertThatThrownBy(() -> useAll(config))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(message);
  }

  @Test
  void aFlagThatCannotBeIsNamed() {
    assertThatThrownBy(() -> ServeConfigReader.read(null, Map.of("server.prt", "1")))
        .hasMessage("--set server.prt=1: unknown key server.prt; the nearest is port");
    assertThatThrownBy(() -> ServeConfigReader.read(null, Map.of("server.reflection", "maybe")))
        .hasMessage(
            "--set server.reflection=maybe: server.reflection must be true or false, is \"maybe\"");
  }

  private static void useAll(ServeConfig config) {
    config.serverOptions();
    config.repositoryOptions();
    config.batcherOptions();
    config.sessionOptions();
  }

  private Path write(String text) throws IOException {
    return Files.writeString(folder.resolve("serve.yaml"), text);
  }
}
