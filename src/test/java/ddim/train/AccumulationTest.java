package ddim.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.tensorflow.Graph;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;

/** How the gradients of a batch's parts become those of the batch. */
class AccumulationTest {
  private static final int PARTS = 4;

  /** Where all were added at the end, all would have to be kept until then. */
  @Test
  void aPartBeginsWhenAllGradientsOfTheOneBeforeAreInTheSum() {
    GraphDef graph = graph(PARTS);
    Map<String, NodeDef> nodes = new HashMap<>();
    graph.getNodeList().forEach(node -> nodes.put(node.getName(), node));
    List<NodeDef> towers = towers(graph);
    assertThat(towers).hasSize(PARTS);

    Set<String> sums = outputsOf(towers.get(0));
    for (int part = 1; part < PARTS; part++) {
      assertThat(needs(towers.get(part), nodes)).containsAll(namesOf(sums));
      Set<String> next = new HashSet<>();
      for (String gradient : outputsOf(towers.get(part))) {
        List<NodeDef> readers = readers(graph, gradient);
        assertThat(readers).as(gradient).hasSize(1);
        assertThat(readers.get(0).getInputCount()).as(gradient).isEqualTo(2);
        assertThat(sums).contains(readers.get(0).getInput(0));
        next.add(readers.get(0).getName());
      }
      assertThat(next).hasSameSizeAs(sums);
      sums = next;
    }
  }

  @Test
  void aBatchInOnePieceIsNotAddedAtAll() {
    GraphDef graph = graph(1);

    for (String gradient : outputsOf(towers(graph).get(0))) {
      assertThat(readers(graph, gradient))
          .extracting(NodeDef::getOp)
          .allMatch(op -> op.equals("L2Loss") || op.equals("Mul"));
    }
  }

  private static GraphDef graph(int parts) {
    TrainConfig config =
        TrainConfig.parse("{\"base\": \"tiny\", \"accumulate\": " + parts + "}", "test");
    try (Graph graph = new Graph()) {
      new TrainGraph(graph, config);
      return graph.toGraphDef();
    }
  }

  private static List<NodeDef> towers(GraphDef graph) {
    return graph.getNodeList().stream()
        .filter(node -> node.getOp().equals("PartitionedCall"))
        .toList();
  }

  /** The loss, output 0, and the gradients. */
  private static Set<String> outputsOf(NodeDef tower) {
    Set<String> outputs = new HashSet<>(Set.of(tower.getName()));
    for (int i = 1; i < tower.getAttrOrThrow("Tout").getList().getTypeCount(); i++) {
      outputs.add(tower.getName() + ":" + i);
    }
    return outputs;
  }

  private static Set<String> namesOf(Set<String> outputs) {
    Set<String> names = new HashSet<>();
    outputs.forEach(output -> names.add(output.replaceFirst(":\\d+$", "")));
    return names;
  }

  private static List<NodeDef> readers(GraphDef graph, String output) {
    return graph.getNodeList().stream()
        .filter(node -> node.getInputList().contains(output))
        .toList();
  }

  /** All nodes that must have run before. */
  private static Set<String> needs(NodeDef node, Map<String, NodeDef> nodes) {
    Set<String> found = new HashSet<>();
    List<String> open = new ArrayList<>(node.getInputList());
    while (!open.isEmpty()) {
      String name =
          open.remove(open.size() - 1).replaceFirst("^\\^", "").replaceFirst(":\\d+$", "");
      if (found.add(name)) {
        open.addAll(nodes.get(name).getInputList());
      }
    }
    return found;
  }
}
