package ddim.model.foreign;

import java.util.List;
import java.util.Map;

/**
 * What other programs call our weights. Ours are the names of ermongroup/ddim.
 *
 * <p>Whole path segments are matched, never parts of them.
 */
final class ForeignNames {
  private static final Map<String, String> DIFFUSERS_PARTS =
      Map.of(
          "temb_proj", "time_emb_proj",
          "nin_shortcut", "conv_shortcut");

  private static final Map<String, String> DIFFUSERS_ATTENTION =
      Map.of(
          "norm", "group_norm",
          "q", "to_q",
          "k", "to_k",
          "v", "to_v",
          "proj_out", "to_out.0");

  /** The names of attention in files written before 2023. */
  private static final Map<String, String> OLD_ATTENTION =
      Map.of("query", "to_q", "key", "to_k", "value", "to_v", "proj_attn", "to_out.0");

  private ForeignNames() {}

  /**
   * The name in diffusers.
   *
   * @param name of ours
   * @param levels of the network: diffusers counts those on the way up from the smallest
   */
  static String diffusers(String name, int levels) {
    List<String> parts = List.of(name.split("\\."));
    String suffix = "." + parts.get(parts.size() - 1);
    return switch (parts.get(0)) {
      case "temb" -> "time_embedding.linear_" + (Integer.parseInt(parts.get(2)) + 1) + suffix;
      case "norm_out" -> "conv_norm_out" + suffix;
      case "down" -> "down_blocks." + parts.get(1) + "." + inLevel(parts) + suffix;
      case "up" -> {
        int level = levels - 1 - Integer.parseInt(parts.get(1));
        yield "up_blocks." + level + "." + inLevel(parts) + suffix;
      }
      case "mid" -> "mid_block." + inMiddle(parts) + suffix;
      default -> name;
    };
  }

  private static String inLevel(List<String> parts) {
    return switch (parts.get(2)) {
      case "block" -> "resnets." + parts.get(3) + "." + ofBlock(parts.get(4));
      case "attn" -> "attentions." + parts.get(3) + "." + ofAttention(parts.get(4));
      default -> parts.get(2) + "rs.0." + parts.get(3); // downsample, upsample
    };
  }

  private static String inMiddle(List<String> parts) {
    return switch (parts.get(1)) {
      case "block_1" -> "resnets.0." + ofBlock(parts.get(2));
      case "block_2" -> "resnets.1." + ofBlock(parts.get(2));
      default -> "attentions.0." + ofAttention(parts.get(2));
    };
  }

  private static String ofBlock(String part) {
    return DIFFUSERS_PARTS.getOrDefault(part, part);
  }

  private static String ofAttention(String part) {
    return DIFFUSERS_ATTENTION.getOrDefault(part, part);
  }

  /** The present name of a tensor in a diffusers file of any age. */
  static String presentDiffusers(String name) {
    String[] parts = name.split("\\.");
    for (int i = 2; i < parts.length; i++) {
      if (parts[i - 2].equals("attentions")) {
        parts[i] = OLD_ATTENTION.getOrDefault(parts[i], parts[i]);
      }
    }
    return String.join(".", parts);
  }

  /** The name in the TensorFlow original of DDPM (hojonathanho/diffusion). */
  static String tf1(String name) {
    boolean norm = name.matches("(.*\\.)?norm(1|2|_out)?\\.(weight|bias)");
    String weight = norm ? "/gamma" : "/W";
    String bias = norm ? "/beta" : "/b";
    return "model/"
        + name.replaceAll("\\.weight$", weight)
            .replaceAll("\\.bias$", bias)
            .replaceAll("\\b(down|up|block|attn)\\.(\\d+)", "$1_$2")
            .replaceAll("\\bdense\\.(\\d+)", "dense$1")
            .replace('.', '/');
  }
}
