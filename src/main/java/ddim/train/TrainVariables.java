package ddim.train;

import ddim.nn.ParamSpec;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Assign;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.Variable;
import org.tensorflow.types.TFloat32;

/** The variables of a run: for each weight its value, its moving average and Adam's two moments. */
final class TrainVariables {
  /** The four variables of one weight. */
  record Slots(
      ParamSpec spec,
      Variable<TFloat32> weight,
      Variable<TFloat32> ema,
      Variable<TFloat32> adamM,
      Variable<TFloat32> adamV) {

    /** The variables by the names of their groups. */
    Map<String, Variable<TFloat32>> groups() {
      Map<String, Variable<TFloat32>> groups = new LinkedHashMap<>();
      groups.put(WEIGHTS, weight);
      groups.put(EMA, ema);
      groups.put(ADAM_M, adamM);
      groups.put(ADAM_V, adamV);
      return groups;
    }
  }

  /** A variable's place in the state, and how it is set from outside. */
  record Slot(
      String group,
      ParamSpec spec,
      Variable<TFloat32> variable,
      Placeholder<TFloat32> feed,
      Assign<TFloat32> assign) {

    /** The name in a checkpoint. */
    String name() {
      return group + "/" + spec.name();
    }

    Shape shape() {
      return spec.shape();
    }

    /** Whether it is one of Adam's moments, which start at 0. */
    boolean isMoment() {
      return group.equals(ADAM_M) || group.equals(ADAM_V);
    }
  }

  static final String WEIGHTS = "weights";
  static final String EMA = "ema";
  static final String ADAM_M = "adam_m";
  static final String ADAM_V = "adam_v";

  private final Map<String, Slots> byName = new LinkedHashMap<>();
  private final Map<String, Slot> state = new LinkedHashMap<>();

  TrainVariables(Ops tf, TrainConfig config) {
    for (ParamSpec spec : ParamSpec.of(config.unet())) {
      Slots slots =
          new Slots(
              spec,
              variable(tf, WEIGHTS, spec),
              variable(tf, EMA, spec),
              variable(tf, ADAM_M, spec),
              variable(tf, ADAM_V, spec));
      byName.put(spec.name(), slots);
      slots
          .groups()
          .forEach(
              (group, variable) -> {
                Slot slot = slot(tf, group, spec, variable);
                state.put(slot.name(), slot);
              });
    }
  }

  List<Slots> all() {
    return List.copyOf(byName.values());
  }

  /** Every variable by its name in a checkpoint: group, slash, weight. */
  Map<String, Slot> state() {
    return state;
  }

  private static Variable<TFloat32> variable(Ops tf, String group, ParamSpec spec) {
    return tf.withSubScope(group).withName(spec.name()).variable(spec.shape(), TFloat32.class);
  }

  private static Slot slot(Ops tf, String group, ParamSpec spec, Variable<TFloat32> variable) {
    Placeholder<TFloat32> feed = tf.placeholder(TFloat32.class, Placeholder.shape(spec.shape()));
    return new Slot(group, spec, variable, feed, tf.assign(variable, feed));
  }
}
