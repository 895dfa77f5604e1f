package ddim.serve.security;

import java.io.IOException;
import java.io.StringWriter;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.bouncycastle.operator.OperatorException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** A root that signs certificates for 127.0.0.1 and localhost, in files of a folder. */
public final class TestCertificates {
  private static final String ALGORITHM = "SHA256withECDSA";

  private final Path folder;
  private final KeyPair rootKeys = keys();
  private final X509Certificate root;
  private long serial = 1;

  /**
   * @param name of the root, whose file is {@code NAME.pem}
   */
  public TestCertificates(Path folder, String name) {
    this.folder = folder;
    this.root = sign("CN=" + name, rootKeys, "CN=" + name, rootKeys, true);
    write(name + ".pem", pem(root));
  }

  /** Writes {@code NAME.pem} and {@code NAME.key}, each in one move; another one each time. */
  public void issue(String name) {
    KeyPair keys = keys();
    X509Certificate certificate =
        sign("CN=" + name, keys, root.getSubjectX500Principal().getName(), rootKeys, false);
    write(name + ".key", pem(keys.getPrivate()));
    write(name + ".pem", pem(certificate));
  }

  /** The file of a root or a certificate. */
  public Path certificate(String name) {
    return folder.resolve(name + ".pem");
  }

  /** The file of a key. */
  public Path key(String name) {
    return folder.resolve(name + ".key");
  }

  private X509Certificate sign(
      String subject, KeyPair keys, String issuer, KeyPair issuerKeys, boolean isRoot) {
    Instant now = Instant.now();
    var builder =
        new JcaX509v3CertificateBuilder(
            new X500Name(issuer),
            BigInteger.valueOf(++serial),
            Date.from(now.minus(Duration.ofHours(1))),
            Date.from(now.plus(Duration.ofHours(1))),
            new X500Name(subject),
            keys.getPublic());
    try {
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(isRoot));
      builder.addExtension(
          Extension.subjectAlternativeName,
          false,
          new GeneralNames(
              new GeneralName[] {
                new GeneralName(GeneralName.iPAddress, "127.0.0.1"),
                new GeneralName(GeneralName.dNSName, "localhost")
              }));
      return new JcaX509CertificateConverter()
          .getCertificate(
              builder.build(new JcaContentSignerBuilder(ALGORITHM).build(issuerKeys.getPrivate())));
    } catch (IOException | OperatorException | GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  private static String pem(Object thing) {
    StringWriter text = new StringWriter();
    try (JcaPEMWriter writer = new JcaPEMWriter(text)) {
      writer.writeObject(
          thing instanceof PrivateKey key ? new JcaPKCS8Generator(key, null) : thing);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return text.toString();
  }

  private void write(String name, String text) {
    try {
      Path fresh = Files.writeString(folder.resolve(name + ".new"), text);
      Files.move(fresh, folder.resolve(name), StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static KeyPair keys() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(256);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }
}
