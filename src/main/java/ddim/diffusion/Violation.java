package ddim.diffusion;

/**
 * One thing that is wrong with the options of a sampler.
 *
 * @param field the option, in snake_case
 * @param message the whole sentence: option, rule, value
 */
public record Violation(String field, String message) {}
