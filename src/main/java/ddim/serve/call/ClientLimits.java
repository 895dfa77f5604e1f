package ddim.serve.call;

/**
 * How much one client may ask for; a client is who authorization says, or else an address.
 *
 * @param maxCallsInFlight how many calls it may have open at once; 0 for any number
 * @param imagesPerSecond how many images a second it may ask for, on average; 0 for any number. Who
 *     asks for more at once is served, and waits the longer for its next.
 */
public record ClientLimits(int maxCallsInFlight, double imagesPerSecond) {
  /** No limits. */
  public static final ClientLimits NONE = new ClientLimits(0, 0);

  /**
   * @throws IllegalArgumentException if a number is negative or not finite, naming it
   */
  public ClientLimits {
    if (maxCallsInFlight < 0) {
      throw new IllegalArgumentException(
          "client_max_calls must not be negative, is " + maxCallsInFlight);
    }
    if (!(imagesPerSecond >= 0) || Double.isInfinite(imagesPerSecond)) {
      throw new IllegalArgumentException(
          "client_images_per_second must be a number from 0 on, is " + imagesPerSecond);
    }
  }
}
