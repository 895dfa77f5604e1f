package ddim.diffusion;

/** What a network was trained to predict; a property of the model. */
public enum Prediction {
  /** The noise (Ho, Jain, Abbeel, DDPM, eq. 14). */
  EPS,
  /**
   * {@code v = sqrt(alphaBar) * eps - sqrt(1 - alphaBar) * x0} (Salimans, Ho, 2022, appendix D).
   */
  V,
  /** The clean image. */
  X0
}
