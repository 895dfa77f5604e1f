package ddim.serve.security;

import io.grpc.util.CertificateUtils;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;

/** Certificates and keys in files. */
final class Pem {
  private Pem() {}

  /**
   * @throws CertificateException if there is none, or one is broken
   */
  static X509Certificate[] certificates(Path file) throws IOException, CertificateException {
    try (InputStream in = Files.newInputStream(file)) {
      X509Certificate[] certificates = CertificateUtils.getX509Certificates(in);
      if (certificates.length == 0) {
        throw new CertificateException(file + " has no certificate");
      }
      return certificates;
    } catch (CertificateException e) {
      throw new CertificateException(file + " is not a file of certificates in PEM", e);
    }
  }

  /**
   * The key, which is checked to be that of the certificate.
   *
   * @throws GeneralSecurityException if it is broken, or another certificate's
   */
  static PrivateKey key(Path file, X509Certificate certificate)
      throws IOException, GeneralSecurityException {
    PrivateKey key;
    try (InputStream in = Files.newInputStream(file)) {
      key = CertificateUtils.getPrivateKey(in);
    } catch (GeneralSecurityException | RuntimeException e) { // whose text may quote the key
      throw new InvalidKeyException(file + " has no private key in PKCS #8, of RSA or EC");
    }
    if (key == null || !arePair(key, certificate.getPublicKey())) {
      throw new InvalidKeyException(file + " has not the key of the certificate");
    }
    return key;
  }

  private static boolean arePair(PrivateKey own, PublicKey known) throws GeneralSecurityException {
    if (!own.getAlgorithm().equals(known.getAlgorithm())) {
      return false;
    }
    Signature signature =
        Signature.getInstance(
            own.getAlgorithm().equals("EC") ? "SHA256withECDSA" : "SHA256withRSA");
    byte[] anything = {1, 2, 3};
    signature.initSign(own);
    signature.update(anything);
    byte[] signed = signature.sign();
    signature.initVerify(known);
    signature.update(anything);
    return signature.verify(signed);
  }
}
