package ddim.model;

/** The names in an exported graph: signatures, their inputs and outputs. */
final class ModelSignature {
  static final String SERVING_DEFAULT = "serving_default";
  static final String SAMPLE = "sample";
  static final String TRAJECTORY = "trajectory";
  static final String LATENT = "latent";
  static final String PREDICT_NOISE = "predict_noise";

  static final String SEED = "seed";
  static final String STEPS = "steps";
  static final String ETA = "eta";
  static final String LATENTS = "x_T";
  static final String LABELS = "labels";
  static final String GUIDANCE = "guidance";
  static final String X = "x";
  static final String X0 = "x0";
  static final String T = "t";
  static final String EPS = "eps";
  static final String IMAGES = "images";
  static final String TIMESTEP = "timestep";
  static final String TABLE = "table";
  static final String CLIP = "clip";
  static final String HISTORY = "history";

  /** The tag of a graph that serves. */
  static final String TAG = "serve";

  private ModelSignature() {}
}
