package ddim.train;

import ddim.data.ImageSource;
import java.util.ArrayList;
import java.util.List;

/**
 * The images of a run, as its checkpoints tell them.
 *
 * @param name of the data set
 * @param license of the images, as an SPDX expression
 * @param classNames of the labels, empty if they have none
 * @param images how many; 0 where nobody has said
 * @param digest {@link ImageSource#digest}; empty where nobody has said
 */
record Dataset(String name, String license, List<String> classNames, int images, String digest) {
  private static final int DIGITS = 12; // of a digest, in errors

  Dataset {
    classNames = List.copyOf(classNames);
  }

  /** Looks at all images, once. */
  static Dataset of(ImageSource source) {
    return new Dataset(
        source.name(), source.license(), source.classNames(), source.size(), source.digest());
  }

  /** Images of which no more is known. */
  static Dataset named(String name, String license, List<String> classNames) {
    return new Dataset(name, license, classNames, 0, "");
  }

  /**
   * In what other images differ, as {@code key is A in the run, B now}, joined; empty if they are
   * these. Of older checkpoints, which do not know more, the name alone.
   */
  String differences(Dataset now) {
    List<String> found = new ArrayList<>();
    compare(found, "dataset", quoted(name), quoted(now.name));
    if (!digest.isEmpty()) {
      compare(found, "images", images, now.images);
      compare(found, "class_names", classNames, now.classNames);
      compare(found, "digest", shortened(digest), shortened(now.digest));
    }
    return String.join("; ", found);
  }

  private static void compare(List<String> found, String key, Object run, Object now) {
    if (!run.equals(now)) {
      found.add(key + " is " + run + " in the run, " + now + " now");
    }
  }

  private static String quoted(String text) {
    return '"' + text + '"';
  }

  private static String shortened(String text) {
    return text.substring(0, Math.min(DIGITS, text.length()));
  }
}
