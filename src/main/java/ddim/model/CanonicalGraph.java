package ddim.model;

import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.tensorflow.TensorFlow;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.FunctionDefLibrary;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.OpDef;

/**
 * A graph's definition without what does not matter: functions are named and their nodes ordered by
 * their place instead of by the process that built them, and attributes at their default are left
 * out, so that older runtimes, which do not know the newest attributes, can read it.
 */
final class CanonicalGraph {
  private final Map<String, String> names = new LinkedHashMap<>();
  private final Map<String, Map<String, AttrValue>> defaults = new HashMap<>();

  private CanonicalGraph() {}

  static GraphDef of(GraphDef graph) {
    return new CanonicalGraph().rewrite(graph);
  }

  private GraphDef rewrite(GraphDef graph) {
    for (OpDef op : TensorFlow.registeredOpList().getOpList()) {
      Map<String, AttrValue> values = new HashMap<>();
      op.getAttrList().stream()
          .filter(OpDef.AttrDef::hasDefaultValue)
          .forEach(attr -> values.put(attr.getName(), attr.getDefaultValue()));
      defaults.put(op.getName(), values);
    }
    Map<String, FunctionDef> functions = new HashMap<>();
    graph
        .getLibrary()
        .getFunctionList()
        .forEach(function -> functions.put(function.getSignature().getName(), function));
    visit(graph.getNodeList(), functions);

    GraphDef.Builder result = graph.toBuilder().clearNode().clearLibrary();
    graph.getNodeList().forEach(node -> result.addNode(rewrite(node)));
    FunctionDefLibrary.Builder library = graph.getLibrary().toBuilder().clearFunction();
    for (String name : names.keySet()) {
      library.addFunction(rewrite(Objects.requireNonNull(functions.get(name))));
    }
    return result.setLibrary(library).build();
  }

  /** Names the functions that nodes call, in the order of the calls. */
  private void visit(List<NodeDef> nodes, Map<String, FunctionDef> functions) {
    for (NodeDef node : nodes) {
      for (AttrValue value : new TreeMap<>(node.getAttrMap()).values()) {
        String name = value.getFunc().getName();
        if (value.hasFunc() && !names.containsKey(name)) {
          names.put(name, name.replaceAll("[^A-Za-z].*$", "") + "_" + names.size());
          visit(sorted(Objects.requireNonNull(functions.get(name))), functions);
        }
      }
    }
  }

  /** The order of a function's nodes means nothing, and is another in each process. */
  private static List<NodeDef> sorted(FunctionDef function) {
    return function.getNodeDefList().stream()
        .sorted(Comparator.comparing(NodeDef::getName))
        .toList();
  }

  private FunctionDef rewrite(FunctionDef function) {
    FunctionDef.Builder result = function.toBuilder().clearNodeDef();
    result.getSignatureBuilder().setName(renamed(function.getSignature().getName()));
    sorted(function).forEach(node -> result.addNodeDef(rewrite(node)));
    return result.build();
  }

  private NodeDef rewrite(NodeDef node) {
    NodeDef.Builder result = node.toBuilder().clearAttr();
    Map<String, AttrValue> known = defaults.getOrDefault(node.getOp(), Map.of());
    node.getAttrMap()
        .forEach(
            (key, value) -> {
              if (!value.equals(known.get(key))) {
                result.putAttr(key, rewrite(value));
              }
            });
    return result.build();
  }

  private AttrValue rewrite(AttrValue value) {
    if (!value.hasFunc()) {
      return value;
    }
    AttrValue.Builder result = value.toBuilder();
    result.getFuncBuilder().setName(renamed(value.getFunc().getName()));
    return result.build();
  }

  private String renamed(String name) {
    return Objects.requireNonNull(names.get(name), name);
  }
}
