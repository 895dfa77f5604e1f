package ddim.model;

import ddim.diffusion.ScheduleConfig;
import ddim.nn.UNetConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** {@code MODEL_CARD.md}: what a model is, for people; equal models have equal cards. */
public final class ModelCard {
  static final String NAME = "MODEL_CARD.md";

  private static final String TEXT =
      """
      # A diffusion model that makes images of %1$s

      It turns noise into images by the deterministic steps of DDIM (Song, Meng, Ermon, 2020), or
      by those of DDPM (Ho, Jain, Abbeel, 2020). The whole loop is in the graph: one call makes a
      picture.

      | | |
      | --- | --- |
      | images | %1$s |
      | training images | %2$s |
      | optimizer steps | %3$d |
      | network | U-Net, %4$d channels times %5$s, %6$d residual blocks a level, attention at %7$s |
      | classes | %18$s |
      | parameters | %8$d, %20$s |
      | noise | %9$s, %10$d levels, beta %11$s to %12$s%13$s |
      | predicts | %14$s |
      | licence of the weights | %15$s |
      | SHA-256 of the weights | %16$s |

      ## Inputs and outputs

      Dimension 0 of every input and output is the batch. Images are float32 within [-1, 1], or
      uint8 where they are called `images`.

      | signature | inputs | outputs |
      | --- | --- | --- |
      | `serving_default` | `seed` int64, `steps` int32, `eta` float32, one a row | `images`, `x0` |
      | `sample` | `x_T` standard normal, `steps` int32 | `images`, `x0` |
      | `trajectory` | `x`, `seed`, `timestep`, `table`, `clip`, `history` | `x`, `x0`, `history` |
      | `latent` | `seed` int64 | `x_T` |
      | `predict_noise` | `x`, `t` int32 from 0 to %17$d | `eps` |

      %19$s`steps` is from 1 to %10$d, `eta` from 0 (DDIM) to 1 (DDPM). Equal seeds, steps and etas give
      equal pictures, whatever else is in the batch. `sample` and `predict_noise` draw no noise and
      convert to other runtimes; `assets.extra/ddim.json` has all of this for programs.

      ## Limits

      - It makes pictures like its training images, of one size, and takes no text.
      - It may repeat what those images over-represent, and may come close to single ones.
      - Few steps make smoother pictures with less detail; from about 20 on little changes.
      - Numbers agree between machines to about the fifth digit, not to the last bit.
      """;

  private static final String LABELS =
      """
      All but `latent` have `labels` int32 too, one a row, -1 for no class, and those that make
      images `guidance` float32: 0 ignores the label, 1 follows it as learned, more exaggerates it
      and costs a second row of the network.

      """;

  private ModelCard() {}

  static byte[] of(ModelSpec spec, WeightStorage storage) {
    UNetConfig unet = spec.unet();
    ScheduleConfig noise = spec.schedule();
    String text =
        TEXT.formatted(
            "%dx%dx%d".formatted(unet.height(), unet.width(), unet.imageChannels()),
            cell(spec.dataset()),
            spec.trainingStep(),
            unet.channels(),
            unet.channelMultipliers(),
            unet.resBlocks(),
            unet.attentionAt(),
            spec.parameters(),
            lower(noise.kind()),
            noise.trainSteps(),
            noise.betaStart(),
            noise.betaEnd(),
            noise.zeroTerminalSnr() ? ", zero terminal SNR" : "",
            lower(spec.prediction()),
            cell(spec.license()),
            spec.weightsDigest(),
            noise.trainSteps() - 1,
            unet.classes() == 0 ? "none" : cell(classes(spec)),
            unet.classes() == 0 ? "" : LABELS,
            stored(storage));
    return SavedModelWriter.utf8(text);
  }

  private static String classes(ModelSpec spec) {
    String names =
        IntStream.range(0, spec.classNames().size())
            .mapToObj(label -> label + " " + spec.classNames().get(label))
            .collect(Collectors.joining(", "));
    return spec.unet().classes() + (names.isEmpty() ? "" : ": " + names);
  }

  /**
   * Writes the card of an exported model anew, with more text and the files that it shows.
   *
   * @param version the model's folder
   * @param more Markdown, after what every card has
   * @param files contents by path within the folder
   * @throws IOException if the model cannot be read or a file written
   */
  public static void write(Path version, String more, Map<String, byte[]> files)
      throws IOException {
    ModelFile described = ModelFiles.check(version);
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      Path path = version.resolve(file.getKey());
      Files.createDirectories(path.getParent());
      Files.write(path, file.getValue());
    }
    Files.writeString(
        version.resolve(NAME),
        new String(of(described.model(), described.stored()), StandardCharsets.UTF_8)
            + "\n"
            + more);
  }

  private static String stored(WeightStorage storage) {
    if (storage.type() == WeightType.FLOAT32) {
      return "kept as float32";
    }
    return ("kept as %s, which moves the predicted noise by up to %s of its largest number and a"
            + " pixel in [-1, 1] by %s on average (measured at export against float32)")
        .formatted(lower(storage.type()), storage.epsDifference(), storage.imageDifference());
  }

  /** Free text within a table. */
  private static String cell(String text) {
    return text.replaceAll("\\s+", " ").replace("|", "\\|");
  }

  private static String lower(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
