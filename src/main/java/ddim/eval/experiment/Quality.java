package ddim.eval.experiment;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import ddim.eval.distance.PrecisionRecall;

/**
 * How good images are.
 *
 * @param frechet the Fréchet distance to the real images
 * @param kernel the kernel distance to the real images
 * @param both precision and recall
 */
record Quality(double frechet, double kernel, PrecisionRecall both) {
  void into(ObjectNode cell) {
    cell.put("frechet", frechet);
    cell.put("kernel", kernel);
    cell.put("precision", both.precision());
    cell.put("recall", both.recall());
  }

  static Quality of(JsonNode cell) {
    return new Quality(
        cell.path("frechet").asDouble(),
        cell.path("kernel").asDouble(),
        new PrecisionRecall(cell.path("precision").asDouble(), cell.path("recall").asDouble()));
  }
}
