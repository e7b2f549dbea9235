// Faceted stones (aux.a 1) and pearls (aux.a 0). aux: colour, kind.
void surface(inout Surface s) {
    vec3 v = s.view, n = s.normal;
    if (s.aux.a > .5) {
        n = normalize(mix(n, normalize(floor(n * 2.2 + .5) + n * .01), .55));
        s.normal = n;
    }
    vec3 r = reflect(-v, n);
    float rim = pow(1. - max(dot(n, v), 0.), 3.);
    s.albedo = s.aux.rgb * (s.aux.a > .5 ? .55 : .95);
    s.glow = surroundings(r, .05) * (s.aux.a > .5 ? .10 + .6 * rim : .08 + .3 * rim);
    if (s.aux.a > .5) s.glow += s.aux.rgb * surroundings(-r, .4) * .8;       // light through the stone
    s.roughness = .12;
    s.reflectance = .06;
    s.shine = 1.;
    s.mirror = .3;
    s.wrap = .3;
}
