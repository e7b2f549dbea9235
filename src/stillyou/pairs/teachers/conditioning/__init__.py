"""What ties a target to its source, a small class each (docs/reference/diffusion-teacher.md).

protocol     the hooks of a condition, and the job that it acts on
inputs       what one call of a UNet reads, and the branches of guidance
base         what conditions ask of a text-to-image model
noise        one noise for both pictures
starts       from the source noised partly, or from a draft
identity     one person in both prompts
attention    how attention is replaced in a UNet, and by which rules
sharing      the source's keys and values, and prompt-to-prompt
region       nothing changes outside a region
structure    a ControlNet on edges, depth or pose of the source
appearance   image tokens of the source
build        an effect's settings become conditions, if the base can do them
"""
