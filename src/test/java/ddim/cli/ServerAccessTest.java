package ddim.cli;

import static org.assertj.core.api.Assertions.assertThat;

import ddim.cli.TinyModel.Outcome;
import ddim.serve.DdimServer;
import ddim.serve.ServerOptions;
import ddim.serve.batch.BatcherOptions;
import ddim.serve.batch.FakeModel;
import ddim.serve.batch.SystemTime;
import ddim.serve.repository.ModelRepository;
import ddim.serve.repository.RepositoryOptions;
import ddim.serve.security.SecurityOptions;
import ddim.serve.security.TestCertificates;
import ddim.serve.security.TlsFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands as clients of a server with mutual TLS and tokens. */
class ServerAccessTest {
  private static final String TOKEN = "a-token-of-a-client";

  @TempDir private Path folder;
  private DdimServer server;
  private TestCertificates certificates;

  @BeforeEach
  void start() throws IOException {
    certificates = new TestCertificates(folder, "ca");
    certificates.issue("server");
    certificates.issue("client");
    Files.createDirectories(folder.resolve("models/clothes/1"));
    Files.writeString(folder.resolve("tokens"), "somebody " + TOKEN);
    Files.writeString(folder.resolve("token"), TOKEN + "\n");
    var security =
        SecurityOptions.NONE
            .withTls(
                TlsFiles.of(certificates.certificate("server"), certificates.key("server"))
                    .withClientRoots(certificates.certificate("ca")))
            .withTokens(folder.resolve("tokens"));
    server =
        DdimServer.start(
            ServerOptions.defaults().withAddress("127.0.0.1", 0).with(security),
            new ModelRepository(
                RepositoryOptions.of(folder.resolve("models")),
                version -> new FakeModel(),
                BatcherOptions.of(2),
                new SystemTime()));
    server.load();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void theFlagsOpenTheWay() {
    Outcome outcome =
        sample(
            "--tls-ca", path("ca.pem"),
            "--tls-cert", path("client.pem"),
            "--tls-key", path("client.key"),
            "--token-file", path("token"));

    assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    assertThat(folder.resolve("out.png")).isNotEmptyFile();
  }

  @Test
  void withoutTheTokenThereIsNone() {
    Outcome outcome =
        sample(
            "--tls-ca", path("ca.pem"),
            "--tls-cert", path("client.pem"),
            "--tls-key", path("client.key"));

    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(outcome.err()).contains("UNAUTHENTICATED: a token is needed");
  }

  @Test
  void halfAnIdentityIsAWrongCall() {
    Outcome outcome = sample("--tls-cert", path("client.pem"));

    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err()).contains("--tls-cert and --tls-key go together");
  }

  private Outcome sample(String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "sample",
                "--target",
                "127.0.0.1:" + server.port(),
                "--model",
                "clothes",
                "--count",
                "2",
                "--steps",
                "2",
                "--attempts",
                "1",
                "--out",
                path("out.png")));
    arguments.addAll(List.of(more));
    return TinyModel.ddim(arguments.toArray(String[]::new));
  }

  private String path(String name) {
    return folder.resolve(name).toString();
  }
}
