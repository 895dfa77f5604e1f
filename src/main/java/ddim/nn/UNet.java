package ddim.nn;

import static ddim.nn.Layers.channels;
import static ddim.nn.Layers.height;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * The U-Net of DDPM and DDIM: what predicts the noise in an image.
 *
 * <p>As in the official code of the DDIM paper (ermongroup/ddim) and the TensorFlow original of Ho,
 * Jain, Abbeel, <a href="https://arxiv.org/abs/2006.11239">DDPM</a>, appendix B; parameter names
 * are those of the former.
 *
 * <pre>
 *   conv_in ─ level 0 ───────────────────────────── level 0 ─ norm, SiLU, conv_out
 *              └ down ─ level 1 ────────── level 1 ─ up ┘
 *                        └ down ─ middle ─ up ┘                 ─── concatenated skips
 * </pre>
 *
 * <p>A level is {@code resBlocks} residual blocks on the way down, one more on the way up, each
 * followed by attention where the image is small enough; every output on the way down is a skip
 * that one block on the way up takes from the top of the stack.
 */
public final class UNet {
  private final Ops tf;
  private final Params params;
  private final UNetConfig config;
  private final Dropout dropout;
  private final Operand<TFloat32> activatedTemb;

  private UNet(
      Ops tf, Params params, UNetConfig config, Dropout dropout, Operand<TFloat32> activatedTemb) {
    this.tf = tf;
    this.params = params;
    this.config = config;
    this.dropout = dropout;
    this.activatedTemb = activatedTemb;
  }

  /**
   * Adds the network to the graph of {@code tf}.
   *
   * @param tf builds the nodes
   * @param params gives the weights
   * @param config the shape of the network
   * @param dropout {@link Dropout#NONE} outside training
   * @param x noisy images, [B, height, width, imageChannels], those three known
   * @param t timesteps, [B], from 0
   * @param labels of the classes, [B], any other number for none; null for a network without labels
   * @return the prediction, shape of {@code x}, unbounded
   */
  public static Operand<TFloat32> apply(
      Ops tf,
      Params params,
      UNetConfig config,
      Dropout dropout,
      Operand<TFloat32> x,
      Operand<TInt32> t,
      @Nullable Operand<TInt32> labels) {
    if ((labels != null) != (config.classes() > 0)) {
      throw new IllegalArgumentException(
          "labels are for networks with classes, and such networks need them; this one has "
              + config.classes());
    }
    Operand<TFloat32> temb =
        TimeEmbedding.apply(tf.withSubScope("temb"), params.in("temb"), t, config.channels());
    if (labels != null) {
      Ops scope = tf.withSubScope("label_emb");
      temb = scope.math.add(temb, LabelEmbedding.apply(scope, params, config, labels));
    }
    return new UNet(tf, params, config, dropout, Layers.silu(tf, temb)).run(x);
  }

  private Operand<TFloat32> run(Operand<TFloat32> x) {
    Deque<Operand<TFloat32>> skips = new ArrayDeque<>();
    Operand<TFloat32> h =
        Layers.conv(
            tf.withSubScope("conv_in"),
            params.in("conv_in"),
            x,
            3,
            config.channels(),
            Initializer.KERNEL);
    skips.push(h);
    for (int level = 0; level < config.levels(); level++) {
      h = down(level, h, skips);
    }
    h = middle(h);
    for (int level = config.levels() - 1; level >= 0; level--) {
      h = up(level, h, skips);
    }
    h = Layers.silu(tf, GroupNorm.apply(tf, params.in("norm_out"), h, config.normGroups()));
    return Layers.conv(
        tf.withSubScope("conv_out"),
        params.in("conv_out"),
        h,
        3,
        config.imageChannels(),
        Initializer.ZERO_KERNEL);
  }

  private Operand<TFloat32> down(int level, Operand<TFloat32> x, Deque<Operand<TFloat32>> skips) {
    String scope = "down." + level;
    Operand<TFloat32> h = x;
    for (int block = 0; block < config.resBlocks(); block++) {
      h = blockAndAttention(scope, block, h, width(level));
      skips.push(h);
    }
    if (level < config.levels() - 1) {
      String name = scope + ".downsample";
      h = Layers.downsample(tf.withSubScope(name), params.in(name), h, config.downsamplePadding());
      skips.push(h);
    }
    return h;
  }

  private Operand<TFloat32> middle(Operand<TFloat32> x) {
    Operand<TFloat32> h = residual("mid.block_1", x, channels(x));
    h = attention("mid.attn_1", h);
    return residual("mid.block_2", h, channels(x));
  }

  private Operand<TFloat32> up(int level, Operand<TFloat32> x, Deque<Operand<TFloat32>> skips) {
    String scope = "up." + level;
    Operand<TFloat32> h = x;
    for (int block = 0; block <= config.resBlocks(); block++) {
      h = tf.concat(List.of(h, skips.pop()), tf.constant(3)); // [B, H, W, h + skip]
      h = blockAndAttention(scope, block, h, width(level));
    }
    if (level > 0) {
      String name = scope + ".upsample";
      h = Layers.upsample(tf.withSubScope(name), params.in(name), h);
    }
    return h;
  }

  private Operand<TFloat32> blockAndAttention(
      String scope, int block, Operand<TFloat32> x, int out) {
    Operand<TFloat32> h = residual(scope + ".block." + block, x, out);
    boolean attends = config.attentionAt().contains(height(h));
    return attends ? attention(scope + ".attn." + block, h) : h;
  }

  private Operand<TFloat32> residual(String name, Operand<TFloat32> x, int out) {
    return ResidualBlock.apply(
        tf.withSubScope(name),
        params.in(name),
        x,
        activatedTemb,
        out,
        config.normGroups(),
        dropout);
  }

  private Operand<TFloat32> attention(String name, Operand<TFloat32> x) {
    return Attention.apply(tf.withSubScope(name), params.in(name), x, config.normGroups());
  }

  private int width(int level) {
    return config.channels() * config.channelMultipliers().get(level);
  }
}
