package ddim.train;

import ddim.data.ImageSource;

/**
 * What the weights of a run were before it began.
 *
 * @param steps that they had seen; 0 if they were random
 * @param dataset what they were trained on; empty if they were random
 * @param license theirs, as an SPDX expression; empty if they were random
 */
record Origin(long steps, String dataset, String license) {
  static final Origin RANDOM = new Origin(0, "", "");

  private static final String THEN = ", then ";
  private static final String AND = " AND ";

  /** The names of all images that the weights have seen, in their order. */
  String datasetsUntil(Dataset last) {
    boolean same = dataset.equals(last.name()) || dataset.endsWith(THEN + last.name());
    return dataset.isEmpty() ? last.name() : same ? dataset : dataset + THEN + last.name();
  }

  /** The licences of weights and images together; not stated where one of them is not. */
  String licensesWith(Dataset last) {
    String other = last.license();
    if (license.isEmpty() || license.equals(other)) {
      return other;
    }
    if (license.equals(ImageSource.NO_LICENSE_STATED)
        || other.equals(ImageSource.NO_LICENSE_STATED)) {
      return ImageSource.NO_LICENSE_STATED;
    }
    String added = AND + enclosed(other);
    return license.endsWith(added) ? license : enclosed(license) + added;
  }

  private static String enclosed(String expression) {
    return expression.contains(" OR ") ? "(" + expression + ")" : expression;
  }
}
