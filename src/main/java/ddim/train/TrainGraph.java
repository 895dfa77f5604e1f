package ddim.train;

import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.Prediction;
import ddim.sampling.NoiseLevel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import org.tensorflow.DeviceSpec;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.train.ApplyAdam;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint8;
import org.tensorflow.types.family.TType;

/**
 * One optimizer step as a graph: noise in, loss, gradients, Adam, moving average.
 *
 * <p>The loss is the mean over pixels of the squared error of the network's prediction at a random
 * timestep (Ho, Jain, Abbeel, <a href="https://arxiv.org/abs/2006.11239">DDPM</a>, eq. 14). All
 * that is random is drawn in the graph from (seed, step), so a step is a function of its feeds and
 * of the variables, and a resumed run repeats what an uninterrupted one does.
 */
final class TrainGraph {
  private static final float BETA_1 = 0.9f;
  private static final float BETA_2 = 0.999f;
  private static final float ADAM_EPSILON = 1e-8f;

  final Placeholder<TUint8> images;
  final @Nullable Placeholder<TInt32> labels;
  final Placeholder<TInt64> step;
  final Placeholder<TFloat32> learningRate;
  final Placeholder<TFloat32> beta1Power;
  final Placeholder<TFloat32> beta2Power;
  final Placeholder<TFloat32> emaDecay;
  final Operand<TFloat32> loss;
  final List<Operand<TFloat32>> gradients;
  final Operand<TFloat32> gradientNorm;

  /** Needs the gradients of the first of several devices, and nothing of the others. */
  final @Nullable Operand<TFloat32> firstDevice;

  final List<Op> update;
  final TrainVariables variables;

  private final Ops tf;
  private final TrainConfig config;
  private final Placement placement;

  /** A graph for one process and in one piece; TensorFlow chooses the device. */
  TrainGraph(Graph graph, TrainConfig config) {
    this(graph, config, Placement.here(1));
  }

  TrainGraph(Graph graph, TrainConfig config, Placement placement) {
    this.tf = Ops.create(graph).withDevice(placement.state());
    this.placement = placement;
    this.config = config;
    var unet = config.unet();
    images =
        tf.withName("images")
            .placeholder(
                TUint8.class,
                Placeholder.shape(
                    Shape.of(
                        config.batchSize(), unet.height(), unet.width(), unet.imageChannels())));
    labels =
        unet.classes() == 0
            ? null
            : tf.withName("labels")
                .placeholder(TInt32.class, Placeholder.shape(Shape.of(config.batchSize())));
    step = scalar("step", TInt64.class);
    learningRate = scalar("learning_rate", TFloat32.class);
    beta1Power = scalar("beta1_power", TFloat32.class);
    beta2Power = scalar("beta2_power", TFloat32.class);
    emaDecay = scalar("ema_decay", TFloat32.class);

    variables = new TrainVariables(tf, config);
    List<Tower.Outcome> towers = towers();
    loss = mean(towers.stream().map(Tower.Outcome::loss).toList());
    gradients = meanGradients(towers);
    gradientNorm = norm(gradients);
    firstDevice = placement.devices() == 1 ? null : norm(towers.get(0).gradients());
    update = update();
  }

  /** {@code beta^step}, as Adam's bias correction wants it. */
  static float beta1Power(long step) {
    return (float) Math.pow(BETA_1, step);
  }

  /** {@code beta^step}, as Adam's bias correction wants it. */
  static float beta2Power(long step) {
    return (float) Math.pow(BETA_2, step);
  }

  private List<Tower.Outcome> towers() {
    NoiseSchedule schedule = NoiseSchedule.of(config.schedule());
    int batch = config.batchSize();
    StepRandom random = new StepRandom(tf, config.seed(), step);
    Operand<TFloat32> x0 =
        tf.math.sub(
            tf.math.div(tf.dtypes.cast(images, TFloat32.class), tf.constant(127.5f)),
            tf.constant(1f)); // [B, H, W, C] in [-1, 1]
    Operand<TInt32> t = random.timesteps(batch, schedule.trainSteps()); // [B]
    Operand<TFloat32> eps = random.normal(x0.shape());
    Operand<TFloat32> signal = perImage(NoiseLevel.signal(tf, schedule, t)); // [B, 1, 1, 1]
    Operand<TFloat32> noise = perImage(NoiseLevel.noise(tf, schedule, t));
    Operand<TFloat32> xt = tf.math.add(tf.math.mul(signal, x0), tf.math.mul(noise, eps));

    Operand<TInt32> told = labels == null ? null : someDropped(random, labels);
    return towers(xt, t, told, target(x0, eps, signal, noise));
  }

  /**
   * The sums of each device, of calls in turns; every call has an equal part of the batch. A turn
   * begins when the one before is in the sum, so that a device has at most two sets of gradients in
   * its memory, the sum and those of one turn.
   */
  private List<Tower.Outcome> towers(
      Operand<TFloat32> xt,
      Operand<TInt32> t,
      @Nullable Operand<TInt32> told,
      Operand<TFloat32> target) {
    int rows = placement.rowsPerTower(config);
    List<Operand<TFloat32>> weights = new ArrayList<>();
    variables.all().forEach(slot -> weights.add(tf.identity(slot.weight())));
    List<Tower.Outcome> sums = new ArrayList<>();
    for (DeviceSpec device : placement.towers()) {
      Ops here = tf.withDevice(device);
      int begin = sums.size() * config.accumulate() * rows;
      BiFunction<Ops, Integer, Tower.Outcome> part =
          (turn, first) ->
              new Tower(config, first, rows)
                  .call(
                      turn.withDevice(device),
                      rows(turn, xt, first, rows),
                      rows(turn, t, first, rows),
                      told == null ? null : rows(turn, told, first, rows),
                      rows(turn, target, first, rows),
                      step,
                      weights);
      Tower.Outcome sum = part.apply(tf, begin);
      for (int i = 1; i < config.accumulate(); i++) {
        Ops turn = tf.withControlDependencies(List.of(sum.whole(here)));
        sum = sum.plus(here, part.apply(turn, begin + i * rows));
      }
      sums.add(sum);
    }
    return sums;
  }

  /** The parts of the batch are equal, so the mean over calls is that over the batch. */
  private List<Operand<TFloat32>> meanGradients(List<Tower.Outcome> towers) {
    List<Operand<TFloat32>> means = new ArrayList<>();
    for (int i = 0; i < variables.all().size(); i++) {
      int weight = i;
      means.add(mean(towers.stream().map(tower -> tower.gradients().get(weight)).toList()));
    }
    return means;
  }

  private <T extends TType> Operand<T> rows(Ops turn, Operand<T> all, int first, int count) {
    if (count == config.batchSize()) {
      return all;
    }
    int[] begin = new int[all.shape().numDimensions()];
    int[] size = new int[begin.length];
    Arrays.fill(size, -1);
    begin[0] = first;
    size[0] = count;
    return turn.slice(all, turn.constant(begin), turn.constant(size));
  }

  /** Of the sums of all devices. */
  private Operand<TFloat32> mean(List<Operand<TFloat32>> sums) {
    int parts = sums.size() * config.accumulate();
    Operand<TFloat32> sum = sums.size() == 1 ? sums.get(0) : tf.math.addN(sums);
    return parts == 1 ? sum : tf.math.mul(sum, tf.constant(1f / parts));
  }

  /** The labels, some of them -1: so the network learns to do without, which guidance needs. */
  private Operand<TInt32> someDropped(StepRandom random, Operand<TInt32> given) {
    Operand<TBool> dropped =
        tf.math.less(
            random.uniform(config.batchSize()), tf.constant((float) config.labelDropout()));
    return tf.select(dropped, tf.math.sub(tf.zerosLike(given), tf.constant(1)), given);
  }

  private Operand<TFloat32> target(
      Operand<TFloat32> x0,
      Operand<TFloat32> eps,
      Operand<TFloat32> signal,
      Operand<TFloat32> noise) {
    Prediction prediction = config.prediction();
    return switch (prediction) {
      case EPS -> eps;
      case X0 -> x0;
      case V -> tf.math.sub(tf.math.mul(signal, eps), tf.math.mul(noise, x0));
    };
  }

  private Operand<TFloat32> perImage(Operand<TFloat32> perRow) {
    return tf.reshape(perRow, tf.constant(new int[] {-1, 1, 1, 1}));
  }

  private Operand<TFloat32> norm(List<Operand<TFloat32>> parts) {
    List<Operand<TFloat32>> halves = new ArrayList<>();
    for (Operand<TFloat32> gradient : parts) {
      halves.add(tf.nn.l2Loss(gradient)); // half the sum of squares
    }
    return tf.math.sqrt(tf.math.mul(tf.constant(2f), tf.math.addN(halves)));
  }

  /** Every gradient is part of the norm, so no weight changes before all have been read. */
  private List<Op> update() {
    Operand<TFloat32> limit = tf.constant((float) config.gradientClip());
    Operand<TFloat32> scale =
        tf.math.div(limit, tf.math.maximum(gradientNorm, limit)); // 1 if the norm is small
    Operand<TFloat32> forget = tf.math.sub(tf.constant(1f), emaDecay);
    List<Op> updates = new ArrayList<>();
    for (int i = 0; i < gradients.size(); i++) {
      TrainVariables.Slots slots = variables.all().get(i);
      ApplyAdam<TFloat32> adam =
          tf.train.applyAdam(
              slots.weight(),
              slots.adamM(),
              slots.adamV(),
              beta1Power,
              beta2Power,
              learningRate,
              tf.constant(BETA_1),
              tf.constant(BETA_2),
              tf.constant(ADAM_EPSILON),
              tf.math.mul(gradients.get(i), scale));
      Operand<TFloat32> difference = tf.math.sub(slots.ema(), adam);
      updates.add(tf.assignSub(slots.ema(), tf.math.mul(difference, forget)));
    }
    return updates;
  }

  /** How many devices share a batch. */
  int devices() {
    return placement.devices();
  }

  private <T extends TType> Placeholder<T> scalar(String name, Class<T> type) {
    return tf.withName(name).placeholder(type, Placeholder.shape(Shape.scalar()));
  }
}
