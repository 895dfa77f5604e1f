package ddim.model;

import java.util.Map;
import java.util.Objects;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.proto.SignatureDef;

/** Calls a signature of a graph that is not exported. */
final class SignatureCall {
  private SignatureCall() {}

  /**
   * One output of a signature; the caller closes it.
   *
   * @param inputs at least those that the signature has: labels only of networks with classes
   */
  static Result run(
      Session session, SignatureDef signature, String output, Map<String, Tensor> inputs) {
    Session.Runner runner = session.runner().fetch(signature.getOutputsOrThrow(output).getName());
    signature
        .getInputsMap()
        .forEach(
            (name, info) ->
                runner.feed(info.getName(), Objects.requireNonNull(inputs.get(name), name)));
    return runner.run();
  }
}
