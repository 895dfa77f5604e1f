package ddim.train;

import java.util.Locale;

/**
 * How well several devices share the work of a step.
 *
 * @param devices that have an equal part of every batch each
 * @param stepSeconds a step of all devices
 * @param aloneSeconds the first device's gradients of its part, while the others rest; without the
 *     step of the optimizer, which is small
 */
public record Scaling(int devices, double stepSeconds, double aloneSeconds) {
  /** 1 if the devices together train so many times as many images in the time of one. */
  public double efficiency() {
    return aloneSeconds / stepSeconds;
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "scaling efficiency of %d devices: %.0f %% (a step of all %.3f s, of one with its part of"
            + " the batch %.3f s)",
        devices,
        100 * efficiency(),
        stepSeconds,
        aloneSeconds);
  }
}
