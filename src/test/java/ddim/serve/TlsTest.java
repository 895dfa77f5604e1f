package ddim.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ddim.serve.ClientOptions.Tls;
import ddim.serve.SamplingClient.Query;
import ddim.serve.batch.BatcherOptions;
import ddim.serve.batch.SystemTime;
import ddim.serve.security.SecurityOptions;
import ddim.serve.security.TestCertificates;
import ddim.serve.security.TlsFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** TLS over real sockets, with certificates that the test makes. */
class TlsTest {
  private static final Duration OFTEN = Duration.ofMillis(20);

  @TempDir private Path root;
  @TempDir private Path files;
  private TestCertificates certificates;
  private TlsFiles tls;

  @BeforeEach
  void makeCertificates() {
    certificates = new TestCertificates(files, "ca");
    certificates.issue("server");
    tls = TlsFiles.of(certificates.certificate("server"), certificates.key("server"));
  }

  @Test
  void whoTrustsTheRootIsServed() {
    try (ServerFixture server = start(SecurityOptions.NONE.withTls(tls));
        SamplingClient client = SamplingClient.connect(trusting(server, "ca"))) {
      assertThat(client.sample(Query.of("clothes", 1, 1)).pixels()).hasSize(1);
    }
  }

  @Test
  void whoDoesNotTrustTheRootOrSpeaksInTheClearIsNot() {
    new TestCertificates(files, "other-ca");
    try (ServerFixture server = start(SecurityOptions.NONE.withTls(tls));
        SamplingClient stranger = SamplingClient.connect(trusting(server, "other-ca"));
        SamplingClient plain = server.client()) {
      assertThatThrownBy(stranger::models)
          .isInstanceOf(RemoteFailureException.class)
          .hasMessageStartingWith("UNAVAILABLE");
      assertThatThrownBy(plain::models)
          .isInstanceOf(RemoteFailureException.class)
          .hasMessageStartingWith("UNAVAILABLE");
    }
  }

  @Test
  void mutualTlsWantsACertificateOfItsOwnRoot() {
    TestCertificates clients = new TestCertificates(files, "clients-ca");
    clients.issue("alice");
    certificates.issue("mallory");
    var security =
        SecurityOptions.NONE.withTls(tls.withClientRoots(clients.certificate("clients-ca")));
    try (ServerFixture server = start(security);
        SamplingClient alice = connect(server, clients, "alice");
        SamplingClient mallory = connect(server, certificates, "mallory");
        SamplingClient nobody = SamplingClient.connect(trusting(server, "ca"))) {
      assertThat(alice.models()).isNotEmpty();
      assertThatThrownBy(mallory::models).isInstanceOf(RemoteFailureException.class);
      assertThatThrownBy(nobody::models).isInstanceOf(RemoteFailureException.class);
    }
  }

  @Test
  void aNewCertificateIsUsedWithoutARestartAndABrokenOneIsNot() throws Exception {
    SecurityOptions security = SecurityOptions.NONE.withTls(tls).withReloadEvery(OFTEN);
    try (ServerFixture server = start(security);
        SamplingClient before = SamplingClient.connect(trusting(server, "ca"))) {
      assertThat(before.models()).isNotEmpty();
      String first = shownKey(server);

      Files.writeString(certificates.key("server"), "no key");
      Thread.sleep(5 * OFTEN.toMillis()); // whether it was looked at by now or not, nothing changes
      assertThat(shownKey(server)).isEqualTo(first);

      certificates.issue("server");
      String second = first;
      for (int i = 0; i < 2000 && second.equals(first); i++) {
        Thread.sleep(OFTEN.toMillis());
        second = shownKey(server);
      }
      assertThat(second).isNotEqualTo(first);
      assertThat(before.models()).as("on its old connection").isNotEmpty();
      try (SamplingClient after = SamplingClient.connect(trusting(server, "ca"))) {
        assertThat(after.models()).isNotEmpty();
      }
    }
  }

  @Test
  void filesThatCannotBeUsedAreNamedAndKeysAreNotQuoted() throws Exception {
    certificates.issue("other");
    Path secret = Files.writeString(files.resolve("secret"), "-----BEGIN geheim-----\ngeheim");

    assertThatThrownBy(() -> start(tls(certificates.key("other"))))
        .hasMessageContaining("other.key has not the key of the certificate");
    assertThatThrownBy(() -> start(tls(files.resolve("none"))))
        .hasMessageContaining(files.resolve("none").toString());
    assertThatThrownBy(() -> start(tls(secret)))
        .hasMessageContaining("secret has no private key")
        .satisfies(error -> assertThat(error.toString()).doesNotContain("geheim"));
  }

  private SecurityOptions tls(Path key) {
    return SecurityOptions.NONE.withTls(TlsFiles.of(certificates.certificate("server"), key));
  }

  private ServerFixture start(SecurityOptions security) {
    return ServerFixture.onSocket(
        root, ServerOptions.defaults().with(security), BatcherOptions.of(4), new SystemTime());
  }

  private ClientOptions trusting(ServerFixture server, String ca) {
    return ClientOptions.of("127.0.0.1:" + server.server.port())
        .withTls(Tls.trusting(certificates.certificate(ca)));
  }

  private SamplingClient connect(ServerFixture server, TestCertificates issuer, String name) {
    Tls own =
        Tls.trusting(certificates.certificate("ca")).as(issuer.certificate(name), issuer.key(name));
    return SamplingClient.connect(
        ClientOptions.of("127.0.0.1:" + server.server.port()).withTls(own));
  }

  /** The public key of the certificate that a new connection is shown. */
  private static String shownKey(ServerFixture server) throws Exception {
    var anybody =
        new X509TrustManager() {
          @Override
          public void checkClientTrusted(X509Certificate[] chain, String type) {}

          @Override
          public void checkServerTrusted(X509Certificate[] chain, String type) {}

          @Override
          public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
          }
        };
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, new TrustManager[] {anybody}, null);
    try (SSLSocket socket =
        (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", server.server.port())) {
      socket.startHandshake();
      var shown = socket.getSession().getPeerCertificates()[0];
      return ((X509Certificate) shown).getPublicKey().toString();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
