package ddim.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Says in which entries two recipes differ. */
final class ConfigDifference {
  private ConfigDifference() {}

  /** {@code key is A in the run, B now}, joined; empty if they are equal. */
  static String of(TrainConfig run, TrainConfig now) {
    ObjectMapper json = new ObjectMapper();
    List<String> differences = new ArrayList<>();
    try {
      compare("", json.readTree(run.toJson()), json.readTree(now.toJson()), differences);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    return String.join("; ", differences);
  }

  private static void compare(String path, JsonNode a, JsonNode b, List<String> differences) {
    if (a.isObject() && b.isObject()) {
      Set<String> names = new TreeSet<>();
      a.fieldNames().forEachRemaining(names::add);
      b.fieldNames().forEachRemaining(names::add);
      for (String name : names) {
        compare(path.isEmpty() ? name : path + "." + name, a.path(name), b.path(name), differences);
      }
    } else if (!a.equals(b)) {
      differences.add(path + " is " + a + " in the run, " + b + " now");
    }
  }
}
