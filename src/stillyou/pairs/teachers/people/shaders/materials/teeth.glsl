// Teeth. aux: gum.
void surface(inout Surface s) {
    float gap = smoothstep(.86, 1., abs(fract(s.rest.x / .082 + .5) - .5) * 2.);
    s.albedo = mix(vec3(.64, .60, .52) * (1. - .28 * gap), vec3(.42, .14, .13), smoothstep(.2, .8, s.aux.x));
    s.occlusion = .82 * smoothstep(1.0, 1.45, s.rest.z) * smoothstep(.36, .16, abs(s.rest.x)) + .08;
    s.roughness = .28;
    s.shine = .7;
    s.scatter = .3;
}
