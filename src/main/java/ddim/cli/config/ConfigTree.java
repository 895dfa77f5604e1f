package ddim.cli.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * A configuration that starts as the defaults, which say what keys there are. A section that is
 * empty in the defaults takes any key.
 */
final class ConfigTree {
  private final ObjectNode defaults;
  private final ObjectNode root;

  ConfigTree(ObjectNode defaults) {
    this.defaults = defaults;
    this.root = defaults.deepCopy();
  }

  ObjectNode root() {
    return root;
  }

  /**
   * Puts the values of a file in the place of the ones here.
   *
   * @throws IllegalArgumentException if it has an unknown key, or a value in the place of a section
   */
  ConfigTree merge(JsonNode changes) {
    merge("", root, defaults, changes);
    return this;
  }

  /**
   * Puts one value in its place.
   *
   * @param key the names of its section and its own, with a dot between
   * @throws IllegalArgumentException if there is no such key
   */
  void set(String key, JsonNode value) {
    List<String> names = List.of(key.split("\\.", -1));
    ObjectNode change = root.objectNode();
    ObjectNode inner = change;
    for (String name : names.subList(0, names.size() - 1)) {
      inner = inner.putObject(name);
    }
    inner.set(names.get(names.size() - 1), value);
    merge("", root, defaults, change);
  }

  /** The value of a key, as text. */
  String value(String key) {
    return root.at("/" + key.replace('.', '/')).toString();
  }

  private static void merge(String path, ObjectNode into, ObjectNode defaults, JsonNode changes) {
    if (changes.isNull() || changes.isMissingNode()) {
      return; // a section, or a file, with nothing in it
    }
    if (!changes.isObject()) {
      throw new IllegalArgumentException(
          (path.isEmpty() ? "the file" : path) + " must be a map of keys, is " + changes);
    }
    for (Map.Entry<String, JsonNode> change : changes.properties()) {
      String key = path.isEmpty() ? change.getKey() : path + "." + change.getKey();
      JsonNode old = defaults.get(change.getKey());
      if (old == null) {
        throw new IllegalArgumentException(
            "unknown key " + key + "; the nearest is " + nearest(change.getKey(), defaults));
      }
      if (old instanceof ObjectNode section && !section.isEmpty()) {
        merge(key, (ObjectNode) into.get(change.getKey()), section, change.getValue());
      } else {
        into.set(change.getKey(), change.getValue());
      }
    }
  }

  private static String nearest(String key, ObjectNode section) {
    return section.properties().stream()
        .map(Map.Entry::getKey)
        .min(Comparator.comparingInt(name -> distance(key, name)))
        .orElseThrow();
  }

  /** How many letters have to be put in, left out or changed (Levenshtein). */
  private static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int change = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(change, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[b.length()];
  }
}
