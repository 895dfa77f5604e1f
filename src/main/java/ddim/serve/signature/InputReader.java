package ddim.serve.signature;

import ddim.diffusion.Violation;
import ddim.serve.error.InvalidRequestException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Reads the inputs of a request: after this they have the names, types, shapes and sizes of the
 * signature. What a request claims is checked before anything of that size is made.
 */
public final class InputReader {
  /** The most steps that one request may bring tables for, over all its rows. */
  static final int MOST_TABLE_STEPS = 100_000;

  private final Signature signature;
  private final int mostRows;
  private final Wording wording;

  /**
   * @param mostRows the most rows of one request
   */
  public InputReader(Signature signature, int mostRows, Wording wording) {
    this.signature = signature;
    this.mostRows = mostRows;
    this.wording = wording;
  }

  /**
   * @param given by name
   * @param constants numbers that hold for all rows, by the name of an input that may be missing
   * @return by name, all with the same number of rows
   * @throws io.grpc.StatusRuntimeException in the words of the protocol
   * @throws InvalidRequestException if there are too many steps
   */
  public Map<String, Tensor> read(
      Map<String, ? extends GivenTensor> given, Map<String, Number> constants) {
    checkNames(given.keySet(), constants.keySet());
    int rows = checkShapes(given);
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (TensorSpec input : signature.inputs()) {
      GivenTensor tensor = given.get(input.name());
      Number constant = constants.get(input.name());
      if (tensor != null) {
        long elements = tensor.shape().stream().reduce(1L, Math::multiplyExact);
        int bytes = Math.toIntExact(elements * input.type().bytes());
        tensors.put(
            input.name(), new Tensor(input.type(), tensor.shape(), tensor.data(input, bytes)));
      } else if (constant != null) {
        tensors.put(input.name(), Tensor.constant(input.type(), rows, constant));
      }
    }
    return tensors;
  }

  private void checkNames(Set<String> given, Set<String> constants) {
    Set<String> names = new TreeSet<>(given);
    names.addAll(constants);
    boolean complete =
        names.size() == signature.inputs().size()
            && signature.inputs().stream().allMatch(input -> names.contains(input.name()));
    if (!complete || given.isEmpty()) {
      throw wording.wrongInputs(signature, given);
    }
  }

  private int checkShapes(Map<String, ? extends GivenTensor> given) {
    long rows = 0;
    for (TensorSpec input : signature.inputs()) {
      GivenTensor tensor = given.get(input.name());
      if (tensor == null) {
        continue;
      }
      if (!tensor.type().equals(wording.typeName(input.type()))) {
        throw wording.wrongType(signature, input, tensor.type());
      }
      List<Long> shape = tensor.shape();
      if (!input.fits(shape)) {
        throw wording.wrongShape(input, shape);
      }
      if (rows != 0 && shape.get(0) != rows) {
        throw wording.unequalRows(input);
      }
      rows = shape.get(0);
      if (rows > mostRows) {
        throw wording.tooManyRows(mostRows, rows);
      }
      checkColumns(input, rows, input.columns(shape));
    }
    return Math.toIntExact(rows);
  }

  private void checkColumns(TensorSpec input, long rows, long columns) {
    if (columns > signature.mostColumns() || rows * columns > MOST_TABLE_STEPS) {
      String message =
          "%s must have at most %d columns, and %d in all rows, has %d in each of %d rows"
              .formatted(input.name(), signature.mostColumns(), MOST_TABLE_STEPS, columns, rows);
      throw new InvalidRequestException(List.of(new Violation(input.name(), message)));
    }
  }
}
