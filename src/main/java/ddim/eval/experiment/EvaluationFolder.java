package ddim.eval.experiment;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What an {@link Evaluation} left, to be shown elsewhere.
 *
 * @param root the folder
 */
public record EvaluationFolder(Path root) {
  private static final Pattern PICTURE = Pattern.compile("!\\[[^]]*]\\(([A-Za-z0-9_-]+\\.png)\\)");

  /**
   * The report with its pictures in another place, headings one level lower.
   *
   * @param pictures where a reader of the text finds the pictures, with a slash at the end
   * @param weightsDigest of the model that it must be about
   * @throws IllegalArgumentException if it is about other weights
   * @throws IOException if there is no report
   */
  public String report(String pictures, String weightsDigest) throws IOException {
    Path settings = root.resolve("settings.json");
    Path report = root.resolve(Evaluation.REPORT);
    for (Path file : new Path[] {settings, report}) {
      if (!Files.exists(file)) {
        throw new NoSuchFileException(file.toString());
      }
    }
    String measured =
        new ObjectMapper().readTree(settings.toFile()).path(Evaluation.WEIGHTS).asText();
    if (!measured.equals(weightsDigest)) {
      throw new IllegalArgumentException(
          "%s is the evaluation of weights %s, the model's are %s"
              .formatted(root, measured, weightsDigest));
    }
    String text = Files.readString(report);
    return PICTURE
        .matcher(text)
        .replaceAll(m -> Matcher.quoteReplacement(m.group().replace("](", "](" + pictures)))
        .replaceAll("(?m)^(#+ )", "#$1");
  }

  /** The pictures that the report shows, by name. */
  public Map<String, byte[]> pictures() throws IOException {
    Map<String, byte[]> pictures = new LinkedHashMap<>();
    Matcher matcher = PICTURE.matcher(Files.readString(root.resolve(Evaluation.REPORT)));
    while (matcher.find()) {
      pictures.put(matcher.group(1), Files.readAllBytes(root.resolve(matcher.group(1))));
    }
    return pictures;
  }
}
