package ddim.serve.security;

import ddim.serve.security.Authorization.Decision.Allowed;
import ddim.serve.security.Authorization.Decision.Unknown;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Lets in who has one of the tokens of a file, and calls it by the name that stands before it.
 *
 * <p>A line is {@code NAME TOKEN}; empty lines and those that begin with # do not count. A token
 * that is taken out of the file is refused from then on. Only digests of the tokens are kept, and
 * every one is compared to the end, so that the time tells nothing.
 */
public final class TokenFile implements Authorization, AutoCloseable {
  private static final int SHORTEST = 16;

  private final Path file;
  private volatile Map<String, byte[]> digests = Map.of();
  private WatchedFiles watched;

  @SuppressWarnings("NullAway.Init") // open sets what is watched
  private TokenFile(Path file) {
    this.file = file;
  }

  /**
   * Reads the file, and looks for changes from now on.
   *
   * @throws IOException if it cannot be read, or a line is wrong: it is named, not quoted
   */
  public static TokenFile open(Path file, Duration reloadEvery) throws IOException {
    TokenFile tokens = new TokenFile(file);
    try {
      tokens.watched = WatchedFiles.watch(List.of(file), reloadEvery, tokens::read);
    } catch (GeneralSecurityException e) {
      throw new IOException(e.getMessage(), e);
    }
    return tokens;
  }

  private void read() throws IOException, GeneralSecurityException {
    Map<String, byte[]> read = new LinkedHashMap<>();
    List<String> lines = Files.readAllLines(file, StandardCharsets.UTF_8);
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i).strip();
      if (line.isEmpty() || line.startsWith("#")) {
        continue;
      }
      String[] parts = line.split("\\s+", -1);
      if (parts.length != 2 || parts[1].length() < SHORTEST) {
        throw new GeneralSecurityException(
            "%s, line %d: must be NAME TOKEN, the token of at least %d characters"
                .formatted(file, i + 1, SHORTEST));
      }
      if (read.put(parts[0], digest(parts[1])) != null) {
        throw new GeneralSecurityException(
            "%s, line %d: the name '%s' is there twice".formatted(file, i + 1, parts[0]));
      }
    }
    if (read.isEmpty()) {
      throw new GeneralSecurityException(file + " has no token");
    }
    digests = Map.copyOf(read);
  }

  @Override
  public Decision decide(Attempt attempt) {
    if (attempt.token().isEmpty()) {
      return new Unknown("a token is needed: the header 'authorization: Bearer TOKEN'");
    }
    byte[] given = digest(attempt.token().get());
    String client = null;
    for (Map.Entry<String, byte[]> known : digests.entrySet()) {
      if (MessageDigest.isEqual(known.getValue(), given)) {
        client = known.getKey();
      }
    }
    return client == null ? new Unknown("the token is not known") : new Allowed(client);
  }

  private static byte[] digest(String token) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  @Override
  public void close() {
    watched.close();
  }
}
