// Teeth and gums. aux: gum.
void surface(inout Surface s) {
    float gap = smoothstep(.88, 1., abs(fract(s.rest.x / .082 + .5) - .5) * 2.);
    s.albedo = mix(vec3(.72, .68, .58) * (1. - .45 * gap), vec3(.5, .17, .16), s.aux.x);
    s.occlusion = .55 * smoothstep(.9, 1.45, s.rest.z) + .1;
    s.roughness = .2;
    s.scatter = .3;
}
