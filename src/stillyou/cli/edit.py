"""``stillyou edit``: one portrait, or a folder of them."""

from __future__ import annotations

import typer

from stillyou.cli.options import parse_variables


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("edit")(_edit)


def _edit(
    source: str = typer.Argument(..., metavar="PICTURE|FOLDER", help="A portrait, or a folder of portraits."),
    effect: str = typer.Option(..., "-e", "--effect", metavar="NAME|FILE.yaml", help="What to change."),
    output: str = typer.Option(..., "-o", "--output", metavar="FILE|FOLDER", help="The extension is the format."),
    mask_out: str | None = typer.Option(None, metavar="FILE.png|FOLDER", help="Write the editing mask too."),
    mask: str | None = typer.Option(None, metavar="FILE", help="Edit where this picture is white, at its size."),
    strength: float = typer.Option(1.0, help="From 0 (the input) to 1 (the effect's default)."),
    seed: int | None = typer.Option(None, help="The same seed gives the same edit. (default: 0; --official: 3407)"),
    steps: int = typer.Option(20, help="Steps of the sampler."),
    guidance: str | None = typer.Option(None, metavar="IMAGE,SOURCE,TEXT", help="Scales. (default: the effect's)"),
    variable: list[str] = typer.Option([], "--var", metavar="NAME=VALUE", help="Fill a placeholder; may be repeated."),
    crop: str | None = typer.Option(
        None, metavar="X,Y,SIZE", help="Square to work on. (default: around the character or the face)"
    ),
    face: str | None = typer.Option(
        None, metavar="largest|all|N|X,Y", help="Which face of a photograph; N counts from the left. (default: largest)"
    ),
    faces_out: str | None = typer.Option(None, metavar="FILE", help="Write the picture with its faces numbered."),
    domain: str = typer.Option("auto", metavar="auto|cartoon|people", help="Take it for a drawing or a photograph."),
    mask_strategy: str | None = typer.Option(None, metavar="noise|latent|none", help="How the mask guides sampling."),
    resolution: int | None = typer.Option(
        None, metavar="N", help="Side of the square that the model works on, a multiple of 64. (default: the model's)"
    ),
    official: bool = typer.Option(False, "--official", help="What the released demo does, whole picture, squashed."),
    model: str = typer.Option("embedded", metavar="NAME|FOLDER|HUB-ID", help="The model."),
    lora: str | None = typer.Option(
        None, metavar="FOLDER[:SCALE]", help="A trained LoRA, on --model or on the base it was trained on."
    ),
    device: str = typer.Option("auto", metavar="auto|cpu|cuda", help="Where it runs."),
    sheet: str | None = typer.Option(None, metavar="FILE", help="Write source, mask and result side by side."),
    batch: int = typer.Option(1, metavar="N", help="Pictures of a folder that are edited at a time."),
    precision: str = typer.Option("auto", metavar="auto|bf16|fp16|fp32", help="Of the denoiser."),
    scheduler: str | None = typer.Option(
        None, metavar="unipc|ddim|dpm++|euler", help="The sampler. (default: the model's)"
    ),
    compile_unet: bool = typer.Option(False, "--compile", help="Compile the UNet first: for many edits on a GPU."),
    offload: bool = typer.Option(False, "--offload", help="Keep only the working network on the GPU."),
    tile_vae: bool = typer.Option(False, "--tile-vae", help="Encode and decode in tiles: less memory."),
    guidance_share: float = typer.Option(1.0, help="Share of the steps with full guidance; later ones cost a quarter."),
    feature_interval: int = typer.Option(1, metavar="N", help="Compute the UNet's deep levels every N steps only."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object: the report and the paths."),
) -> None:
    """Edit a portrait; everything outside the editing mask stays as it is, bit for bit."""
    from stillyou.cli.edit_run import Request, run
    from stillyou.cli.speed import speed_settings

    request = Request(
        source=source,
        output=output,
        mask_out=mask_out,
        sheet=sheet,
        mask=mask,
        effect=effect,
        strength=strength,
        seed=seed,
        steps=steps,
        guidance=guidance,
        variables=parse_variables(variable),
        crop=crop,
        face=face,
        faces_out=faces_out,
        domain=domain,
        mask_strategy=mask_strategy,
        resolution=resolution,
        official=official,
        model=model,
        lora=lora,
        device=device,
        speed=speed_settings(
            batch=batch,
            precision=precision,
            scheduler=scheduler,
            compile=compile_unet,
            offload=offload,
            tile_vae=tile_vae,
            guidance_share=guidance_share,
            feature_interval=feature_interval,
        ),
    )
    if not run(request, as_json=as_json):
        raise typer.Exit(1)
